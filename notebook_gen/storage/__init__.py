"""Where finished rows are kept: Parquet row groups with their metadata, or memory."""
