import sys
from pathlib import Path

# The builders that several test modules share live beside the tests, which importlib mode puts on no path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
