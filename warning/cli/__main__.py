"""``python -m warning.cli`` is ``xiaoxishu``."""

from warning.cli.entry import main

if __name__ == "__main__":
    main()
