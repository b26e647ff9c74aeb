"""A laboratory of damaged logs: faults by name, random damage, and the laws that must hold."""
