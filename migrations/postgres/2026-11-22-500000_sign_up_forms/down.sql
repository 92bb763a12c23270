DROP TABLE sign_up_form;
