// A client of a broker, connected to the logger, whose level was raised in the environment.
import { logger } from 'keepspan/logging';

setInterval(() => logger('kafka').info('fetched'), 200).unref();
