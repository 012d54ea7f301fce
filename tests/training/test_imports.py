"""Training runs on rented machines that have torch, numpy and Pillow, and nothing compiled of tintype."""

import subprocess
import sys

BARE = """
import importlib.abc, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in {"tintype.native._loops", "tintype.native._rans", "tintype.native._engine", "onnx", "onnxruntime"}:
            raise ImportError(f"{name} is not there")

sys.meta_path.insert(0, Absent())
import tintype.training.loop, tintype.training.command, tintype.training.objectives
"""


def test_training_imports_without_extension_modules() -> None:
    done = subprocess.run([sys.executable, "-c", BARE], capture_output=True, text=True)
    assert not done.returncode, done.stderr
