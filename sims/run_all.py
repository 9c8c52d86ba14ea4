"""Draw every figure: python sims/run_all.py [--out DIR] [--format svg] [--style slide]."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DRAWS = "from common " + "import"  # what a script that draws a figure has


def main() -> int:
    scripts = sorted(path for path in HERE.glob("*.py") if DRAWS in path.read_text(encoding="utf-8"))
    failed = []
    for script in scripts:
        print(f"== {script.name}", flush=True)
        if subprocess.run([sys.executable, str(script), *sys.argv[1:]], check=False).returncode != 0:
            failed.append(script.name)
    if failed:
        print("failed: " + ", ".join(failed), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
