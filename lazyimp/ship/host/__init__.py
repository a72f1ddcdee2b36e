"""What runs on the host: a folder of blobs, code, environments and jobs, and the commands that change it.

It is sent along as one zip file and started as `python3 host.pyz ROOT COMMAND`, with JSON on standard input and a
line of JSON on standard output, by any CPython from 3.8 on. It imports the standard library and nothing of ours
but itself. Layout below ROOT, which only its owner can read:

    blobs/<sha256>       archives and wheels, by content
    code/<digest>/       unpacked local code, never changed again
    envs/<hash>/         environments, by what they were built from, never changed again
    jobs/<id>/           job.json, state.json, out.log, err.log, work/ (the working folder)
    locks/               one builder at a time; empty files, never removed
    uv/                  uv, where this host's pip had to get it
    uv.toml              where somebody put it: settings for uv, such as the host's own index
    tmp/                 what is being made; swept by `gc`

Whatever appears under its name is whole: it is made below tmp/, then renamed.
"""
