"""The distribution beside this file is another project: its tests run where it is installed."""

collect_ignore = ["shelf"]
