"""Simulated servers behind real SSH: a cluster to try the bot on, on any laptop and without root.

What is real is the SSH; everything behind it is a model of Debian 12 with pcs 0.11.5, Pacemaker 2.1.5, Corosync 3.1.7
and HAProxy 2.6, in one process and on loopback only:

    ssh.py, wire.py      sshd of each machine, and the cable to it that a power cut silences
    tools/, scripts.py   one file per tool: reads its argv and prints what the real one prints
    world.py             the machines on one subnet: who reaches whom, power
    machine.py           one server: packages, files, services
    cluster.py           one cluster: membership, quorum, DC, where resources run
    cib.py, placement.py its configuration, and the pure decision what runs where
    agenda.py, clock.py  what happens later, and the time that it happens by

It knows no networks that part a cluster in two, no failing services and no fencing hardware: the lab has real ones.
"""
