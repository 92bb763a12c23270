DROP TABLE brand_host;
