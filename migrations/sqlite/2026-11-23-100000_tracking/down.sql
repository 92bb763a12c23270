DROP TABLE recorder_batch;
