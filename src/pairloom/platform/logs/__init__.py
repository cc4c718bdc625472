"""What a job says while it runs: its lines as log events, its metrics as series."""
