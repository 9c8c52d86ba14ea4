"""Learning-rate schedules: one rate for each update. lr[t] is the rate of update t + 1."""

from rivervalley.schedules.constructors import constant as constant
from rivervalley.schedules.constructors import cosine as cosine
from rivervalley.schedules.constructors import exponential as exponential
from rivervalley.schedules.constructors import inverse_sqrt as inverse_sqrt
from rivervalley.schedules.constructors import linear as linear
from rivervalley.schedules.constructors import multi_step as multi_step
from rivervalley.schedules.constructors import power as power
from rivervalley.schedules.constructors import wsd as wsd
from rivervalley.schedules.cyclic import cyclic_cosine as cyclic_cosine
from rivervalley.schedules.cyclic import wsd_s as wsd_s
from rivervalley.schedules.files import from_csv as from_csv
from rivervalley.schedules.files import from_function as from_function
from rivervalley.schedules.files import from_lr as from_lr
from rivervalley.schedules.files import from_npy as from_npy
from rivervalley.schedules.files import from_optax as from_optax
from rivervalley.schedules.files import from_torch as from_torch
from rivervalley.schedules.files import load as load
from rivervalley.schedules.files import write_csv as write_csv
from rivervalley.schedules.parse import parse as parse
from rivervalley.schedules.parse import parse_help as parse_help
from rivervalley.schedules.phases import Phase as Phase
from rivervalley.schedules.phases import phases as phases
from rivervalley.schedules.schedule import Schedule as Schedule
from rivervalley.schedules.shapes import SHAPES as SHAPES
