"""A stand-in for tensorboardX's writer; as there, a closed one opens itself again."""


class SummaryWriter:
    def __init__(self):
        self.scalars = []
        self.file_writer = self

    def add_scalar(self, tag, scalar_value, global_step=None):
        self.file_writer = self
        self.scalars.append((tag, scalar_value, global_step))

    def close(self):
        self.file_writer = None
