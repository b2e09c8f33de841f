"""nbgrader's course folder for the assignments of vmwidgets; README.md beside this file says how to use it."""

import os
from pathlib import Path

from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    ComputeChecksums,
    LimitOutput,
    LockCells,
    SaveCells,
)

from vmwidgets.grading import nbgrader_step

c = get_config()  # noqa: F821 (nbgrader defines it)

c.CourseDirectory.course_id = "vmwidgets"
c.CourseDirectory.root = str(Path(__file__).resolve().parent)

# No cell of these notebooks holds a solution or a hidden test, so nothing is cleared: what is in source/ is released.
c.GenerateAssignment.preprocessors = [LockCells, ClearOutput, ComputeChecksums, SaveCells, CheckCellMetadata]

# The replay of the answer file stands where nbgrader would execute the notebook that was handed in.
c.Autograde.pre_convert_hook = nbgrader_step.set_aside
c.Autograde.exporter_class = nbgrader_step.ReleasedNotebook
c.Autograde.autograde_preprocessors = [
    nbgrader_step.ReplayAnswers,
    LimitOutput,
    nbgrader_step.SaveVerdicts,
    AssignLatePenalties,
    CheckCellMetadata,
]
c.ReplayAnswers.secret_file = os.environ.get("VMWIDGETS_SECRET", "")
c.ReplayAnswers.term = os.environ.get("VMWIDGETS_TERM", "")
c.ExportApp.plugin_class = nbgrader_step.GradeTable
