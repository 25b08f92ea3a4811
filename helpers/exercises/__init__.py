"""The checks of the exercises: they say what is still wrong with an answer, not only that it is."""

from helpers.exercises import chapter_01, chapter_02, chapter_03, chapter_04, chapter_05, chapter_06, chapter_07
from helpers.exercises.answers import Wrong

__all__ = ["check"]
_CHAPTERS = (chapter_01, chapter_02, chapter_03, chapter_04, chapter_05, chapter_06, chapter_07)
_CHECKS = {exercise: answer for chapter in _CHAPTERS for exercise, answer in chapter.CHECKS.items()}


def check(exercise, *answers):
    """Print whether the answers of an exercise are right, or what is still wrong with them.

    Parameters
    ----------
    exercise : str
        Chapter and number, "1.2".
    *answers
        As the exercise's cell gives them. ``...`` stands for what is not written yet.

    Raises
    ------
    ValueError
        When there is no such exercise.

    Examples
    --------
    >>> check("1.1", ..., None)
    Exercise 1.1: replace the ... by your code and run the cell again.
    """
    if exercise not in _CHECKS:
        raise ValueError(f"there is no exercise {exercise!r}, expected one of {', '.join(_CHECKS)}")
    try:
        if any(answer is ... for answer in answers):
            raise Wrong("replace the ... by your code and run the cell again.")
        print(f"Exercise {exercise}: right. {_CHECKS[exercise](*answers)}")
    except Wrong as wrong:
        print(f"Exercise {exercise}: {wrong}")
