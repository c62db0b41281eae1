"""Simulated servers behind real SSH: a cluster to try the bot on, on any laptop and without root.

What is real is the SSH; everything behind it is a model of Debian 12 with pcs 0.11.5, Pacemaker 2.1.5, Corosync 3.1.7
and HAProxy 2.6, in one process and on loopback only:

    ssh.py, wire.py, login.py      sshd of each machine, its keys, and the cable to it, which can be cut or lose its power
    shell.py, line.py, scripts.py  what a command line means; what is not known is answered so, and counted
    follow.py                      the streams that are followed: the journal, and corosync's map and log
    tools/, call.py                one file per tool: reads its argv and prints what the real one prints
    world.py                       the machines on one subnet: who reaches whom, power, what is killed or cut
    machine.py, packages.py        one server: packages, files, services
    journal.py, voice.py           what its daemons write, and where; `*_words.py` have their wordings
    cluster.py                     one cluster: corosync (membership.py), and a Pacemaker for each side of it
    pacemaker.py, work.py          one side: its DC and configuration, and what it has done
    cib.py, placement.py           the configuration, and the pure decision what runs where
    imagined.py, scene.py          a cluster read from a copy of the CIB, and what becomes of it there
    ready.py, fleet.py             clusters that were set up already, one or hundreds
    agenda.py, clock.py            what happens later, and the time that it happens by

Of services that fail it knows those that are killed or taken away, which a check then finds, and not those that do not
start; of fencing only that it works or that there is no device. The lab has real ones. `tests/sandbox/nodes` holds it to
what real nodes were recorded to say.
"""
