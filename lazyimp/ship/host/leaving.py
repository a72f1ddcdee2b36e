"""Leaves a supervisor behind: a fork is there at once, where another interpreter would take long to start."""

import contextlib
import os
import traceback


def leave(root, job, folder):
    """Start the supervisor of a job in a session of its own, which holds nothing of ours open."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork():  # whoever started the job need not wait for the supervisor
            os._exit(0)
        log = os.open(os.path.join(folder, "supervisor.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for number, at in ((os.open(os.devnull, os.O_RDONLY), 0), (log, 1), (log, 2)):
            os.dup2(number, at)
        for name in os.listdir("/proc/self/fd"):  # the client's connection ends without us
            if int(name) > 2:
                with contextlib.suppress(OSError):
                    os.close(int(name))
        os.chdir(folder)
        from lazyimp.ship.host.supervisor import supervise  # which needs what starts jobs

        supervise(root, job)
    except BaseException:
        traceback.print_exc()  # into its log
    finally:
        os._exit(0)
