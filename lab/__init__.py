# SPDX-License-Identifier: GPL-2.0-or-later
"""
The laboratory: a pair of routers, its switches, an upstream and clients in network namespaces.
People use it through "make lab" and "make lab-shell", the system tests import it.
"""
