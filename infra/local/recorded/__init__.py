"""Real questions and real models' recorded answers through the whole pipeline, scored by the recorded verdicts."""
