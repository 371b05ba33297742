"""What is read: folds of the log into tables, and the queries over them."""
