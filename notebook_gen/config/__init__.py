"""What is wanted: columns, models and run settings, as frozen data."""
