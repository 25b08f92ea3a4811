"""What the notebooks of the course share and do not teach; ``helpers.commands`` holds what runs from a shell.

Modules, each of which imports only from those after it: ``document``, ``exercises``, ``restore``, ``training``,
``drawings``, ``plotting``, ``baselines``, ``models``, ``results``, ``metrics``, ``datasets``, ``recipes``, ``sources``,
``pictures``, ``image_io``, ``degradations``, ``devices``, ``backend``, ``session``, ``checks``, ``files``,
``timings``, ``paths``.
"""
