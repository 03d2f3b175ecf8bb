"""Model endpoints: a client for OpenAI-compatible chat endpoints."""
