DROP TABLE brand_choice;
DROP TABLE brand_choice_entry;
