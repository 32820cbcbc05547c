"""What a multimodal network does: who is taught, who is heard, what is wired wrong.

branch_flow.py   the gradient that reaches each branch, step by step
"""

from .branch_flow import BranchFlow, FlowRecord

__all__ = ["BranchFlow", "FlowRecord"]
