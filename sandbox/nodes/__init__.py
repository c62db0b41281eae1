"""Simulated servers behind real SSH: a cluster to try the bot on, on any laptop and without root.

What is real is the SSH; everything behind it is a model of Debian 11, 12 or 13 with their pcs, Pacemaker, Corosync and
HAProxy, in one process and on loopback only:

    ssh.py, wire.py, login.py      sshd of each machine, its keys, and the cable to it, which can be cut or lose its power
    startups.py                    how many who have not logged in yet an sshd bears
    shell.py, line.py, scripts.py  what a command line means; what is not known is answered so, and counted
    follow.py                      the streams that are followed: the journal, and corosync's map and log
    tools/, call.py                one file per tool: reads its argv and prints what the real one prints
    world.py                       the machines on one subnet: who reaches whom, power, what is killed or cut
    machine.py, packages.py        one server: packages, files, services
    release.py                     what is different from one release of Debian to the next
    journal.py, voice.py           what its daemons write, and where; `*_words.py` have their wordings
    cluster.py                     one cluster: corosync (membership.py), and a Pacemaker for each side of it
    pacemaker.py, work.py          one side: its DC and configuration, and what it has done
    cib.py, placement.py           the configuration, and the pure decision what runs where
    agents.py                      what resource agents do on a machine, and how it ends
    imagined.py, scene.py          a cluster read from a copy of the CIB, and what becomes of it there
    ready.py, fleet.py             clusters that were set up already, one or hundreds
    agenda.py, clock.py            what happens later, and the time that it happens by

Of what fails it knows services that are killed or taken away, which a check then finds, HAProxy without a valid
configuration, and addresses on a network card that is not there; of fencing only that it works or that there is no
device. The lab has real ones. `tests/sandbox/contract` is played on both and expects the same of both, and
`tests/sandbox/nodes` holds single tools to what real nodes were recorded to say.
"""
