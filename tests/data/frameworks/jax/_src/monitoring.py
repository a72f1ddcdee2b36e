_event_time_span_listeners = []


def register_event_time_span_listener(callback):
    _event_time_span_listeners.append(callback)


def unregister_event_time_span_listener(callback):
    assert callback in _event_time_span_listeners
    _event_time_span_listeners.remove(callback)


def get_event_time_span_listeners():
    return list(_event_time_span_listeners)


def record(event, start, end, **more):
    for callback in list(_event_time_span_listeners):
        callback(event, start, end, **more)
