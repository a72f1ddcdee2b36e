import sys

import witness


class DataLoader:
    def __init__(self, data, num_workers=0):
        self.data = data
        self.num_workers = num_workers

    def __iter__(self):
        kind = _MultiProcessingDataLoaderIter if self.num_workers else _SingleProcessDataLoaderIter
        return kind(self)


class _BaseDataLoaderIter:
    def __init__(self, loader):
        self.items = iter(loader.data)

    def __iter__(self):
        return self

    def __next__(self):
        return self._next_data()

    def _next_data(self):
        return next(self.items)


class _SingleProcessDataLoaderIter(_BaseDataLoaderIter):
    pass


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    def __init__(self, loader):
        super().__init__(loader)


witness.functions(sys.modules[__name__])
