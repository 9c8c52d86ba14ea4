"""Public loss curves of real training runs, which come with the package; data/NOTICE says whose they are."""

from rivervalley.datasets.runs import Collection as Collection
from rivervalley.datasets.runs import RunInfo as RunInfo
from rivervalley.datasets.shipped import collection as collection
from rivervalley.datasets.shipped import info as info
from rivervalley.datasets.shipped import list as list
from rivervalley.datasets.shipped import load as load
from rivervalley.datasets.shipped import table as table
