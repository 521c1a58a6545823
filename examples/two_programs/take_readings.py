"""Takes the readings that send_readings.py sends: python take_readings.py /readings"""

import sys

from mood.mqueue.objects import JSON, ObjectQueue

with ObjectQueue(sys.argv[1], maxsize=8, serializer=JSON) as readings:
    # This waits until there is one, and ends with None.
    for reading in iter(readings.get, None):
        print(f"{reading['hour']:2} h  {reading['celsius']} °C")
    # Closing leaves the queue in the system, for whoever comes next. We want it gone.
    readings.unlink()
