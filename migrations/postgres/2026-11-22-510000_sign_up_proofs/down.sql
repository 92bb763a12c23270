DROP TABLE mail_lane;
DROP TABLE spent_challenge;
