DROP TABLE notice;
DROP FUNCTION refuse_notice_change;
