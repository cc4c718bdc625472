"""Transform jobs: files of records in the object store to files of a model's answers."""
