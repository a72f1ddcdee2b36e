"""A stand-in."""

from tensorboardX.writer import SummaryWriter
