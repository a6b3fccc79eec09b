"""Termux' Python is one for Android."""
import sys

sys.getandroidapilevel = lambda: 24
