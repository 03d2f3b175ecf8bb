"""The demo endpoint: an OpenAI-compatible server on loopback that answers with placeholder text."""
