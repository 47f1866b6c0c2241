"""Desired state, live state and policy → a plan. Pure: the same input gives the same plan.

The planner sees its arguments and nothing else. What must survive is settled by each kind's
``hold`` before anything may be deleted; what must change, by its ``diff``. A plan above a limit
is still a plan: it says itself why it may not be applied.
"""
