"""The built-in plugins: one dependency format or engine a file, public hooks only."""

from __future__ import annotations
