"""tensorboard: writes events and reads them back."""

import tempfile

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

with tempfile.TemporaryDirectory() as folder:
    writer = EventFileWriter(folder)
    writer.add_event(Event(step=1, summary=Summary(value=[Summary.Value(tag="loss", simple_value=0.5)])))
    writer.close()
    events = EventAccumulator(folder).Reload()
    print(events.Tags()["scalars"], events.Scalars("loss")[0].value)
