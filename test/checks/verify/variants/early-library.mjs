// A library that is loaded before the tracer.
import 'openai';
