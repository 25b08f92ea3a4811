"""What the notebooks of the course share and do not teach.

Modules, each of which imports only from those after it: ``report``, ``pages``, ``restore``, ``data``, ``training``,
``plotting``, ``baselines``, ``models``, ``results``, ``metrics``, ``datasets``, ``pictures``, ``photos``, ``mnist``,
``degradations``, ``backend``, ``checks``, ``paths``.
"""
