"""What leaves a run: the manifest of its outputs, its verification, and the closing summary."""
