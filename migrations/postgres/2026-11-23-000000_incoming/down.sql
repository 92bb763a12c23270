DROP TABLE unverified_report;
