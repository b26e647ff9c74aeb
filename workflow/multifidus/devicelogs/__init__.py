"""Stimulator logs: readers that account for every byte, sessions, adherence with bounds."""
