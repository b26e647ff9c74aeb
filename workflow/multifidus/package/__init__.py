"""What leaves a run: the manifest of its outputs, its verification, and the closing summary."""

from multifidus.package.manifest import Manifest, read_manifest, write_manifest
from multifidus.package.summary import summarise, summary_command
from multifidus.package.verify import Finding, verify_command, verify_manifest

__all__ = [
    "Finding",
    "Manifest",
    "read_manifest",
    "summarise",
    "summary_command",
    "verify_command",
    "verify_manifest",
    "write_manifest",
]
