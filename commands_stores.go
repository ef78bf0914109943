package main

import (
	"context"
	"fmt"

	"github.com/kartify/kartify/models"
)

type storesCommand struct {
	Create storesCreate `cmd:"" help:"Add a store."`
}

type storesCreate struct {
	database
	ID       int64  `arg:"" help:"Its number: the store_ID that GoFynd webhooks carry."`
	Code     string `help:"A short word for it, such as ruosh." required:""`
	Name     string `help:"Its name." required:""`
	Currency string `help:"Three letters, such as INR." required:""`
	TimeZone string `help:"Such as Asia/Kolkata." required:""`
	Mode     string `help:"test or live." default:"test" enum:"test,live"`
	Fynd     bool   `help:"It is integrated with FYND."`
}

func (s *storesCreate) Run(ctx context.Context) error {
	ctx, db, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	store, err := db.CreateStore(ctx, commandActor, models.Store{
		ID: s.ID, Code: s.Code, Name: s.Name, Currency: s.Currency, TimeZone: s.TimeZone, Mode: s.Mode, Fynd: s.Fynd,
	})
	if err == nil {
		fmt.Printf("Store %d, %s, is there; enter its gateways under Extensions > Extensions > Payment.\n", store.ID, store.Name)
	}
	return err
}
