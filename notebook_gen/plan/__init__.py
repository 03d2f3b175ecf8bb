"""What will run: the graph of columns, its tasks, and how rows fall into row groups. Pure data."""
