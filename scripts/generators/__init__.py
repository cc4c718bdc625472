"""One module per declared table: each renders the files that are made from it."""
