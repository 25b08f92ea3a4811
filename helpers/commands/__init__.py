"""What runs from a shell: ``python -m helpers.commands.NAME``. Nothing else imports it."""
