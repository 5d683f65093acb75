// An import that has no fallback.
import 'dd-trace';
