"""The command line: ``xiaoxishu --help`` teaches it. One file per group of commands."""
