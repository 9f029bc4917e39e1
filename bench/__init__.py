# SPDX-License-Identifier: GPL-2.0-or-later
"""
Benches: Tandem beside keepalived and FRR, in the same run, on the same topology.
People use it through "make bench" and bench/run; README.md says what the columns mean.
"""
