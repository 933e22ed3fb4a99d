"""The functions of the package itself: calls of one client for the whole program.

Its process starts with the first call and ends with the program. Threads share it, and a forked child starts its own.
"""

from ._sync import Client

#: With the settings of the environment and of config.json; another provider or state directory needs a client of its own.
CLIENT = Client()

generate = CLIENT.generate
submit = CLIENT.submit
map = CLIENT.map
