"""The tensor's face."""
