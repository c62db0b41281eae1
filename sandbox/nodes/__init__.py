"""Simulated servers behind real SSH: a cluster to try the bot on, on any laptop and without root.

What is real is the SSH; everything behind it is a model of Debian 12 with pcs 0.11.5, Pacemaker 2.1.5, Corosync 3.1.7
and HAProxy 2.6, in one process and on loopback only:

    ssh.py, wire.py, login.py      sshd of each machine, its keys, and the cable to it that a power cut silences
    shell.py, line.py, scripts.py  what a command line means; what is not known is answered so, and counted
    tools/, call.py                one file per tool: reads its argv and prints what the real one prints
    world.py                       the machines on one subnet: who reaches whom, power
    machine.py, packages.py        one server: packages, files, services
    cluster.py                     one cluster: corosync (membership.py) and Pacemaker (pacemaker.py) on its machines
    cib.py, placement.py           its configuration, and the pure decision what runs where
    agenda.py, clock.py            what happens later, and the time that it happens by

It knows no networks that part a cluster in two, no services that fail, and of fencing only that it works or that there
is no device: the lab has real ones. `tests/sandbox/nodes` holds it to what real nodes were recorded to say.
"""
